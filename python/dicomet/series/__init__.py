"""Series: the images of a folder, list or archive by series, ordered in space, and read as volumes."""
