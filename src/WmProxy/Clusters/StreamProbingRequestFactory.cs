using System.Net.Http;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>Makes the probes of destinations that connectors dial and of UDP ones, and leaves those of all others to YARP's factory or the host's.</summary>
internal sealed class StreamProbingRequestFactory : IProbingRequestFactory
{
    private readonly IProbingRequestFactory _inner;
    private readonly ConnectorTable _connectors;

    public StreamProbingRequestFactory(IProbingRequestFactory inner, ConnectorTable connectors)
    {
        _inner = inner;
        _connectors = connectors;
    }

    public HttpRequestMessage CreateRequest(ClusterModel cluster, DestinationModel destination)
    {
        var config = destination.Config;
        var probeAddress = string.IsNullOrEmpty(config.Health) ? config.Address : config.Health;

        // The metadata is read for each probe: changing it makes a new model, but not a new HTTP client.
        return IsOfStreams(probeAddress) && DestinationAddress.TryParse(probeAddress, config.Host, out var address, out _)
            ? new ProbeRequest(address, ProbeDialogue.Read(cluster.Config.Metadata), TlsClientOptions.Of(cluster.Config.HttpClient))
            : _inner.CreateRequest(cluster, destination);
    }

    private bool IsOfStreams(string address) => _connectors.Dials(address) || DestinationAddress.GetScheme(address) == DestinationAddress.UdpScheme;
}
