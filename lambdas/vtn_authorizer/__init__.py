"""Lets clients of the VTN to the broker of MQTT by their bearer tokens."""
