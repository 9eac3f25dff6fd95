"""The nodes of the group "logic", one file each."""
