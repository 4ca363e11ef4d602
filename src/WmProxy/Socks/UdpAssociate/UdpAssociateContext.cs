using System;
using Microsoft.Extensions.Logging;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Diagnostics;
using WmProxy.ForwardProxy;
using WmProxy.Udp;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>What all associations share.</summary>
internal sealed partial class UdpAssociateContext
{
    private readonly ILogger<UdpAssociateContext> _logger;

    public UdpAssociateContext(
        IForwardDialer dialer, IUdpParentDialer parents, ConnectionTable connections, UdpMetrics metrics, TimeProvider timeProvider, ILogger<UdpAssociateContext> logger)
    {
        (Dialer, Parents, Connections, Metrics, TimeProvider) = (dialer, parents, connections, metrics, timeProvider);
        _logger = logger;
    }

    public IForwardDialer Dialer { get; }

    public IUdpParentDialer Parents { get; }

    public ConnectionTable Connections { get; }

    public UdpMetrics Metrics { get; }

    public TimeProvider TimeProvider { get; }

    public void Associated(ConnectionState state, System.Net.IPEndPoint relay) => Log.UdpAssociated(_logger, state.Id, state.ClientEndPoint, relay);

    public void Judged(ConnectionState state, in ForwardTarget target, in ForwardVerdict verdict, UdpDropReason? refusal)
    {
        if (_logger.IsEnabled(LogLevel.Debug))
        {
            Log.UdpDestinationJudged(_logger, state.Id, target.ToString(), verdict.Rule?.Index, refusal, verdict.Error);
        }
    }

    public void JudgementFailed(ConnectionState state, in ForwardTarget target, Exception exception) =>
        Log.UdpJudgementFailed(_logger, state.Id, target.ToString(), exception);

    public void ParentOpened(ConnectionState state, string clusterId, UdpParent? parent, string? error)
    {
        if (parent is null)
        {
            Log.UdpParentFailed(_logger, state.Id, clusterId, error);
        }
        else
        {
            Log.UdpParentOpened(_logger, state.Id, clusterId, parent.DestinationId);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.UdpAssociated, LogLevel.Debug, "SOCKS connection {id} of {client}: datagrams on {relay}.", EventName = nameof(UdpAssociated))]
        public static partial void UdpAssociated(ILogger logger, long id, System.Net.EndPoint? client, System.Net.IPEndPoint relay);

        [LoggerMessage(
            EventIds.UdpDestinationJudged, LogLevel.Debug, "SOCKS connection {id}: datagrams to '{target}', rule {rule}, refused for {refusal}. {error}",
            EventName = nameof(UdpDestinationJudged))]
        public static partial void UdpDestinationJudged(ILogger logger, long id, string target, int? rule, UdpDropReason? refusal, string? error);

        [LoggerMessage(EventIds.UdpJudgementFailed, LogLevel.Error, "SOCKS connection {id}: judging '{target}' failed unexpectedly.", EventName = nameof(UdpJudgementFailed))]
        public static partial void UdpJudgementFailed(ILogger logger, long id, string target, Exception exception);

        [LoggerMessage(EventIds.UdpParentOpened, LogLevel.Debug, "SOCKS connection {id}: datagrams through cluster '{clusterId}', destination '{destinationId}'.", EventName = nameof(UdpParentOpened))]
        public static partial void UdpParentOpened(ILogger logger, long id, string clusterId, string destinationId);

        [LoggerMessage(EventIds.UdpParentFailed, LogLevel.Debug, "SOCKS connection {id}: no datagrams through cluster '{clusterId}': {error}", EventName = nameof(UdpParentFailed))]
        public static partial void UdpParentFailed(ILogger logger, long id, string clusterId, string? error);
    }
}
