namespace WmProxy.Configuration;

/// <summary>A version of the PROXY protocol.</summary>
public enum ProxyProtocolVersion
{
    /// <summary>The human-readable header, section 2.1 of the specification.</summary>
    V1 = 1,

    /// <summary>The binary header, section 2.2 of the specification.</summary>
    V2 = 2,
}
