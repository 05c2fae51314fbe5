"""The conformance suite for VENs: cases, pure judges over an observed timeline, and what observes it."""
