"""What operators and the cloud side exchange: resources, requests, reports."""
