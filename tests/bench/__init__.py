"""What Guerdon's speed is worth: every figure a ratio to a comparator run in the same minute."""
