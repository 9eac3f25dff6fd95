"""The nodes of the group "timing", one file each."""
