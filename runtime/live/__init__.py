"""What browsers are told as it happens: runs and campaigns that moved, over Socket.IO."""
