"""Posts notifications to the callbacks of the VTN's subscribers, and gives up on those that are dead."""
