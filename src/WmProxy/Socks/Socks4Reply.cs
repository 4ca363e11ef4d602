namespace WmProxy.Socks;

/// <summary>The field CD of a reply of SOCKS 4.</summary>
internal enum Socks4Reply : byte
{
    Granted = 0x5A,
    Rejected = 0x5B,

    /// <summary>It has no identd that could be asked. Not used here.</summary>
    NoIdentd = 0x5C,

    /// <summary>It is not known who the client is.</summary>
    UserUnknown = 0x5D,
}
