"""The nodes of the group "messaging", one file each."""
