/// Linking is the test: every other file of this program is one public header.
int main() { return 0; }
