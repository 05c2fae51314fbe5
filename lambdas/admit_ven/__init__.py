"""Admission of a VEN that claims a certificate: IoT Core invokes it before it registers the VEN."""
