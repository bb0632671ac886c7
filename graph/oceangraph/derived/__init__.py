"""What can be computed from measured values: pure functions over arrays and tables; `facts` makes a graph of them."""
