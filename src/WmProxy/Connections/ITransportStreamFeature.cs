namespace WmProxy.Connections;

/// <summary>A connection whose bytes can be had without a pipe.</summary>
internal interface ITransportStreamFeature
{
    /// <summary>The bytes of the connection; a middleware that transforms them (TLS) replaces it.</summary>
    TransportStream Stream { get; set; }
}
