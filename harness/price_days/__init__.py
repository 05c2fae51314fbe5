"""Days of houses with prices and without: the bill, the comfort, the car."""
