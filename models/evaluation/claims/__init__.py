"""What the program promises a painter, shown with pictures and figures beside one-shot rivals."""
