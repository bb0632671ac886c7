"""What a scanner says of a bill of materials: its findings, what VEX statements say of them, and how old that is."""
