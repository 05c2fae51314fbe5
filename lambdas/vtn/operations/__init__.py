"""The operations of the VTN, by the objects that they are on."""
