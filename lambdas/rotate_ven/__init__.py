"""Another certificate for a VEN that runs, beside the old one, which goes when the VEN has changed over."""
