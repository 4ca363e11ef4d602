namespace WmProxy.Socks;

/// <summary>What the first bytes of a message tell.</summary>
internal enum SocksParseStatus
{
    /// <summary>It may become a message, but is not whole.</summary>
    NeedMore,

    /// <summary>It is a message.</summary>
    Parsed,

    /// <summary>It cannot become one.</summary>
    Malformed,
}
