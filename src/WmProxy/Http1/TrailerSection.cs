using System;

namespace WmProxy.Http1;

/// <summary>The fields behind chunked content (RFC 9112 section 7.1.2).</summary>
internal sealed class TrailerSection : MessageHead
{
    /// <summary>Reads a whole section, its empty line included.</summary>
    /// <param name="section">The bytes.</param>
    /// <param name="isLenient">As for the head of the same message.</param>
    public HeadError Parse(ReadOnlySpan<byte> section, bool isLenient) => Read(section, isLenient, hasStartLine: false);

    /// <summary>Whether a field may come here: not what frames and routes messages, nor what is of the connection (RFC 9110 section 6.5.1).</summary>
    public bool IsAllowed(int index) => KindOf(index) is FieldKind.Other or FieldKind.Date or FieldKind.Via;
}
