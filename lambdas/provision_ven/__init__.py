"""A thing's certificate and key into its secret, on behalf of CloudFormation."""
