"""Who is let in by claim: IoT Core asks before it registers a VEN."""
