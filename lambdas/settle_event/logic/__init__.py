"""Settlement as arithmetic: baselines, delivery, the report. Sans-IO."""
