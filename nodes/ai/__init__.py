"""The nodes of the group "ai", one file each."""
