using System.Net;

namespace WmProxy.Server.Http;

/// <summary>
/// Stands for "no HTTP": a Kestrel that is told of no endpoint opens http://localhost:5000. Endpoints that a reload of the configuration adds come up
/// beside it.
/// </summary>
internal sealed class NoHttpEndPoint : EndPoint
{
    private NoHttpEndPoint()
    {
    }

    public static NoHttpEndPoint Instance { get; } = new();

    public override string ToString() => "none";
}
