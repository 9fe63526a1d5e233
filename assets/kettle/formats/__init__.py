"""What steps need to read and write file formats: sources, text records, file lists, XML, JSON."""
