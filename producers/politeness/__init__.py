"""What a crawler owes the sites it visits: one policy per file, pure, the clock an argument."""
