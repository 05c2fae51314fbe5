"""Fits houses whose truth is there, and scores what the fitted houses foretell."""
