"""The response of a house to prices: battery, car, tank and setpoints, within comfort."""
