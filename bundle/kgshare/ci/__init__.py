"""The pipeline: check, build, scan, policy, sign, place, publish, comment as one graph of steps; and the files that let a forge run it."""
