"""What schemathesis has to be told about the interface; it loads this file when it starts."""

import schemathesis

# tus names the bytes of an upload so.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
