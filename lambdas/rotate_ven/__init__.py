"""Rotation: another certificate beside a running VEN's old one, which goes when the VEN has changed over."""
