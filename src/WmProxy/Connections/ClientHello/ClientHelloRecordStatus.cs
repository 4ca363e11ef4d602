namespace WmProxy.Connections.ClientHello;

/// <summary>What the TLS records so far are.</summary>
internal enum ClientHelloRecordStatus
{
    NeedsMore,
    Complete,
    NotTls,
    Malformed,
    TooLarge,
}
