"""The VTN: OpenADR 3.1.0 by HTTP."""
