namespace WmProxy.Configuration;

/// <summary>What a client of a forward proxy asks for.</summary>
public enum ForwardCommand
{
    /// <summary>A plain HTTP request.</summary>
    Http,

    /// <summary>A connection: HTTP <c>CONNECT</c>, SOCKS <c>CONNECT</c>.</summary>
    Connect,

    /// <summary>Datagrams: SOCKS 5 <c>UDP ASSOCIATE</c>, judged for each destination.</summary>
    UdpAssociate,

    /// <summary>A connection from a destination: SOCKS <c>BIND</c>.</summary>
    Bind,
}
