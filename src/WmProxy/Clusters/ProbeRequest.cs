using System;
using System.Net.Http;
using WmProxy.Connectors;

namespace WmProxy.Clusters;

/// <summary>
/// A probe of a destination that does not speak HTTP, in the form in which YARP's monitor hands it to the cluster's HTTP client. A type of its
/// own, so that the client tells it from a request at no cost.
/// </summary>
internal sealed class ProbeRequest : HttpRequestMessage
{
    public ProbeRequest(DestinationAddress address, ProbeDialogue dialogue, TlsClientOptions tls)
        : base(HttpMethod.Get, new Uri(address.ToString()))
    {
        Address = address;
        Dialogue = dialogue;
        Tls = tls;
    }

    public DestinationAddress Address { get; }

    public ProbeDialogue Dialogue { get; }

    /// <summary>The cluster of parents on the way; <see langword="null"/> for none.</summary>
    public string? Via { get; init; }

    /// <summary>How the cluster speaks TLS, which a probe must do as its connections do.</summary>
    public TlsClientOptions Tls { get; }
}
