using System.IO;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http.Features;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.ForwardProxy.Http;

/// <summary>An upgrade (a WebSocket) that is metered as the content of requests is.</summary>
internal sealed class MeteredUpgradeFeature : IHttpUpgradeFeature
{
    private readonly IHttpUpgradeFeature _upgrade;
    private readonly ForwardExchange _exchange;
    private readonly BandwidthLease? _bandwidth;

    public MeteredUpgradeFeature(IHttpUpgradeFeature upgrade, ForwardExchange exchange, BandwidthLease? bandwidth)
    {
        _upgrade = upgrade;
        _exchange = exchange;
        _bandwidth = bandwidth;
    }

    public bool IsUpgradableRequest => _upgrade.IsUpgradableRequest;

    public async Task<Stream> UpgradeAsync()
    {
        // The same stream both ways.
        var stream = new MeteredStream(await _upgrade.UpgradeAsync(), _bandwidth);
        (_exchange.Request, _exchange.Response) = (stream, stream);
        return stream;
    }
}
