"""OpenADR 3.1.0: its objects, times, scopes and operations, as a VTN and a VEN exchange them.

Source: OpenADR 3.1.0, the Alliance's OpenAPI document, with its Definition and User Guide where it is silent.
"""
