"""The request that an event of the VTN is. Pure."""
