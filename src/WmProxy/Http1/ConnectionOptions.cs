using System;

namespace WmProxy.Http1;

/// <summary>What the <c>Connection</c> fields of a message say (RFC 9110 section 7.6.1).</summary>
[Flags]
internal enum ConnectionOptions
{
    None = 0,

    /// <summary><c>close</c>: it is the last message.</summary>
    Close = 1,

    /// <summary><c>keep-alive</c>.</summary>
    KeepAlive = 2,

    /// <summary><c>upgrade</c>: the <c>Upgrade</c> field is meant.</summary>
    Upgrade = 4,

    /// <summary>Names of fields that end here.</summary>
    Names = 8,
}
