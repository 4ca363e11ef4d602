using System.Net.Http;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace WmProxy.Clusters;

/// <summary>Lets the clients of YARP's factory, or the host's, answer probes of destinations that do not speak HTTP.</summary>
internal sealed class ProbingHttpClientFactory : IForwarderHttpClientFactory
{
    private readonly IForwarderHttpClientFactory _inner;
    private readonly StreamProbe _probe;
    private readonly ILogger<ProbingHttpClientFactory> _logger;

    public ProbingHttpClientFactory(IForwarderHttpClientFactory inner, StreamProbe probe, ILogger<ProbingHttpClientFactory> logger)
    {
        _inner = inner;
        _probe = probe;
        _logger = logger;
    }

    public HttpMessageInvoker CreateClient(ForwarderHttpClientContext context)
    {
        if (context.OldClient is not ProbingHttpMessageInvoker old)
        {
            return new ProbingHttpMessageInvoker(_inner.CreateClient(context), context.ClusterId, _probe, _logger);
        }

        // The inner factory compares and reuses the client that it made.
        var client = _inner.CreateClient(new ForwarderHttpClientContext
        {
            ClusterId = context.ClusterId,
            OldConfig = context.OldConfig,
            OldMetadata = context.OldMetadata,
            OldClient = old.Inner,
            NewConfig = context.NewConfig,
            NewMetadata = context.NewMetadata,
        });
        return ReferenceEquals(client, old.Inner) ? old : new ProbingHttpMessageInvoker(client, context.ClusterId, _probe, _logger);
    }
}
