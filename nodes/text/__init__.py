"""The nodes of the group "text", one file each."""
