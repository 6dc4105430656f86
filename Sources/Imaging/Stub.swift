// The module's content arrives with its first file.
