using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Diagnostics;

namespace WmProxy.Clusters;

/// <summary>A cluster's HTTP client that also answers probes of destinations that do not speak HTTP.</summary>
internal sealed partial class ProbingHttpMessageInvoker : HttpMessageInvoker
{
    private readonly StreamProbe _probe;
    private readonly string _clusterId;
    private readonly ILogger _logger;

    public ProbingHttpMessageInvoker(HttpMessageInvoker inner, string clusterId, StreamProbe probe, ILogger logger)
        : base(new UnusedHandler(), disposeHandler: false)
    {
        Inner = inner;
        _clusterId = clusterId;
        _probe = probe;
        _logger = logger;
    }

    /// <summary>The client that the host's factory made, for everything else.</summary>
    public HttpMessageInvoker Inner { get; }

    public override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Inner.Send(request, cancellationToken);

    public override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        request is ProbeRequest probe ? ProbeAsync(probe, cancellationToken) : Inner.SendAsync(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task<HttpResponseMessage> ProbeAsync(ProbeRequest request, CancellationToken cancellationToken)
    {
        var error = await _probe.ProbeAsync(request, cancellationToken);
        if (error is not null)
        {
            Log.ProbeFailed(_logger, _clusterId, request.Address, error);
        }

        return new HttpResponseMessage(error is null ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable) { RequestMessage = request };
    }

    private sealed class UnusedHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new System.NotSupportedException();
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.ProbeFailed, LogLevel.Warning, "Probe of {address} of cluster '{clusterId}' failed: {error}", EventName = nameof(ProbeFailed))]
        public static partial void ProbeFailed(ILogger logger, string clusterId, Connectors.DestinationAddress address, string error);
    }
}
