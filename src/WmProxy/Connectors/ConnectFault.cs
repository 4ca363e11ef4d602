namespace WmProxy.Connectors;

/// <summary>Whose failure it is that there is no connection: what counts against a destination, and whether another one is worth trying.</summary>
internal enum ConnectFault
{
    /// <summary>There is a connection.</summary>
    None,

    /// <summary>The destination: it is down, refuses us or breaks its protocol. Counts, and the next one is tried.</summary>
    Destination,

    /// <summary>This machine's, for want of descriptors, ports or memory. Does not count.</summary>
    Local,

    /// <summary>
    /// The target's: a parent proxy, which is well, cannot or will not reach it. Does not count, and another parent would say the same.
    /// </summary>
    Target,

    /// <summary>A parent proxy's or the target's, which cannot be told apart. Does not count, as clients choose targets, but another parent is tried.</summary>
    Unknown,

    /// <summary>That of the parents on the way to the destination, of which it says nothing. Another destination has the same way.</summary>
    Way,
}
