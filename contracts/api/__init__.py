"""Operators and the cloud side: resources, requests, reports."""
