using WmProxy.Connectors;
using WmProxy.ForwardProxy.Http;

namespace WmProxy.ForwardProxy.Connect;

/// <summary>What a <c>CONNECT</c> request asks for.</summary>
internal sealed class ConnectHead
{
    /// <summary>Where to.</summary>
    public required ForwardTarget Target { get; init; }

    /// <summary>Who asks; <see langword="null"/> where there are no credentials, or none that can be read.</summary>
    public BasicCredentials? Credentials { get; init; }

    /// <summary>Whether the client sends another request on this connection after a 407.</summary>
    public required bool KeepsAlive { get; init; }
}
