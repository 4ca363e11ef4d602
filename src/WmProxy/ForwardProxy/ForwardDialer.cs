using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Clusters;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Diagnostics;
using WmProxy.ForwardProxy.Access;

namespace WmProxy.ForwardProxy;

/// <summary>Judges and dials, directly or through the parents of a cluster.</summary>
internal sealed partial class ForwardDialer : IForwardDialer
{
    private const int MaxAddressesThroughParents = 3;

    private readonly ForwardJudge _judge;
    private readonly IClusterDialer _clusters;
    private readonly AddressResolver _resolver;
    private readonly ConnectDeadlines _deadlines;
    private readonly ForwardMetrics _metrics;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;

    public ForwardDialer(
        ForwardJudge judge, IClusterDialer clusters, AddressResolver resolver, ConnectDeadlines deadlines, ForwardMetrics metrics, TimeProvider timeProvider, ILogger<ForwardDialer> logger)
    {
        _judge = judge;
        _clusters = clusters;
        _resolver = resolver;
        _deadlines = deadlines;
        _metrics = metrics;
        _timeProvider = timeProvider;
        _logger = logger;
    }

    public async ValueTask<ForwardDialResult> DialAsync(ForwardProxyModel proxy, ForwardRequest request, TransportStream? beside, CancellationToken cancellationToken)
    {
        var result = await DialWithinAsync(proxy, request, beside, cancellationToken);
        Record(proxy, request, result.Refusal, result.Error);
        return result;
    }

    public async ValueTask<ForwardDialResult> DialAsync(
        ForwardProxyModel proxy, ForwardRequest request, ForwardVerdict verdict, TransportStream? beside, CancellationToken cancellationToken)
    {
        var result = await DialVerdictAsync(proxy, request, verdict, _timeProvider.GetTimestamp(), beside, cancellationToken);
        if (!result.IsConnected)
        {
            Record(proxy, request, result.Refusal, result.Error);
        }

        return result;
    }

    public async ValueTask<ForwardVerdict> JudgeAsync(ForwardProxyModel proxy, ForwardRequest request, CancellationToken cancellationToken)
    {
        var verdict = await JudgeWithinAsync(proxy, request, cancellationToken);
        Record(proxy, request, verdict.Refusal, verdict.Error);
        return verdict;
    }

    private static ForwardVerdict TimedOut(ForwardProxyModel proxy, ForwardRequest request) =>
        ForwardVerdict.Refused(ForwardRefusal.Timeout, $"{request.Target}: no answer within {proxy.ConnectTimeout.TotalSeconds} s");

    private async ValueTask<ForwardVerdict> JudgeWithinAsync(ForwardProxyModel proxy, ForwardRequest request, CancellationToken cancellationToken)
    {
        var judging = _judge.JudgeAsync(proxy, request, cancellationToken);
        if (judging.IsCompletedSuccessfully)
        {
            return judging.Result;
        }

        try
        {
            return await judging.AsTask().WaitAsync(proxy.ConnectTimeout, _timeProvider, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The lookup goes on, for the next one that asks.
            return TimedOut(proxy, request);
        }
    }

    private async ValueTask<ForwardDialResult> DialWithinAsync(ForwardProxyModel proxy, ForwardRequest request, TransportStream? beside, CancellationToken cancellationToken)
    {
        var start = _timeProvider.GetTimestamp();
        var verdict = await JudgeWithinAsync(proxy, request, cancellationToken);
        if (!verdict.IsAllowed)
        {
            return ForwardDialResult.Refused(verdict.Refusal, verdict.Refusal.ToEndReason(), verdict.Error);
        }

        return await DialVerdictAsync(proxy, request, verdict, start, beside, cancellationToken);
    }

    private ValueTask<ForwardDialResult> DialVerdictAsync(
        ForwardProxyModel proxy, ForwardRequest request, ForwardVerdict verdict, long start, TransportStream? beside, CancellationToken cancellationToken)
    {
        return verdict.ClusterId is { } cluster
            ? DialParentsAsync(proxy, request, verdict, cluster, beside, cancellationToken)
            : DialAddressesAsync(proxy, request, verdict, start, beside, cancellationToken);
    }

    private async ValueTask<ForwardDialResult> DialParentsAsync(
        ForwardProxyModel proxy, ForwardRequest request, ForwardVerdict verdict, string cluster, TransportStream? beside, CancellationToken cancellationToken)
    {
        if (verdict.Addresses.Count == 0)
        {
            return (await DialParentAsync(proxy, request, request.Target, verdict.Rule!, cluster, beside, cancellationToken)).Result;
        }

        // What was judged, one after another, as long as it is the address and not the parent that is at fault.
        var (result, isTarget) = (default(ForwardDialResult), true);
        for (var i = 0; i < Math.Min(verdict.Addresses.Count, MaxAddressesThroughParents) && isTarget; i++)
        {
            var address = verdict.Addresses[i];
            (result, isTarget) = await DialParentAsync(
                proxy, request, new ForwardTarget(address.ToString(), address, request.Target.Port), verdict.Rule!, cluster, beside, cancellationToken);
            isTarget &= !result.IsConnected;
        }

        return result;
    }

    private async ValueTask<(ForwardDialResult Result, bool IsTarget)> DialParentAsync(
        ForwardProxyModel proxy, ForwardRequest request, ForwardTarget target, ForwardRule rule, string cluster, TransportStream? beside, CancellationToken cancellationToken)
    {
        var dialled = await _clusters.DialAsync(
            new DialRequest
            {
                ClusterId = cluster,
                ClientAddress = request.Client,
                ConnectTimeout = proxy.ConnectTimeout,
                ConnectAttempts = proxy.ConnectAttempts,
                Beside = beside,
                SparesReserve = true,
                Target = target,
            },
            cancellationToken);
        return dialled.IsConnected
            ? (new ForwardDialResult { Stream = dialled.Stream, Rule = rule, Lease = dialled.Lease, Address = target.Address }, false)
            : (ForwardDialResult.Refused(RefusalOf(dialled), dialled.Failure, dialled.Error), dialled.Fault == ConnectFault.Target);
    }

    private async ValueTask<ForwardDialResult> DialAddressesAsync(
        ForwardProxyModel proxy, ForwardRequest request, ForwardVerdict verdict, long start, TransportStream? beside, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var deadline = _deadlines.Rent();
        var registration = default(CancellationTokenRegistration);
        try
        {
            var connecting = ConnectAsync(verdict.Addresses, request.Target.Port, beside, deadline.Token);
            if (!connecting.IsCompleted)
            {
                // Most that are near are connected by now. One limit for name and connection.
                registration = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), deadline);
                var left = proxy.ConnectTimeout - _timeProvider.GetElapsedTime(start);
                deadline.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            }

            var (result, address) = await connecting;
            if (!result.IsConnected)
            {
                return ForwardDialResult.Refused(RefusalOf(result), result.Failure, result.Error);
            }

            if (verdict.Addresses.Count > 1 && address is not null)
            {
                _resolver.PreferForClients(request.Target.Host, address);
            }

            return new ForwardDialResult { Stream = result.Stream, Rule = verdict.Rule, Address = address };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var late = TimedOut(proxy, request);
            return ForwardDialResult.Refused(late.Refusal, late.Refusal.ToEndReason(), late.Error);
        }
        catch (OperationCanceledException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        finally
        {
            // Before the source is used again: a late cancellation must not hit the next attempt.
            await registration.DisposeAsync();
            _deadlines.Return(deadline);
        }
    }

    private async ValueTask<(ConnectResult Result, IPAddress? Address)> ConnectAsync(
        IReadOnlyList<IPAddress> addresses, int port, TransportStream? beside, CancellationToken cancellationToken)
    {
        if (addresses.Count == 1)
        {
            return (await SocketConnect.ConnectAsync(new IPEndPoint(addresses[0], port), beside, default, cancellationToken, sparesReserve: true), addresses[0]);
        }

        var (result, winner) = await AddressRace.ConnectAsync([.. addresses.Select(address => new IPEndPoint(address, port))], beside, default, _timeProvider, cancellationToken, sparesReserve: true);
        return (result, winner?.Address);
    }

    private static ForwardRefusal RefusalOf(DialResult parents) => parents.Fault switch
    {
        // A parent's own words about the target. Its rules are as good as ours.
        ConnectFault.Target => parents.Code switch
        {
            SocketError.AccessDenied => ForwardRefusal.RuleDenied,
            SocketError.HostNotFound => ForwardRefusal.NameNotResolved,
            var code => RefusalOf(code),
        },
        _ => parents.Failure == ConnectionEndReason.ConnectTimeout ? ForwardRefusal.Timeout : ForwardRefusal.ParentFailed,
    };

    private static ForwardRefusal RefusalOf(ConnectResult result) => result.IsLocalFailure ? ForwardRefusal.Failed : RefusalOf(result.Code);

    private static ForwardRefusal RefusalOf(SocketError code) => code switch
    {
        SocketError.ConnectionRefused or SocketError.ConnectionReset => ForwardRefusal.ConnectionRefused,
        SocketError.NetworkUnreachable or SocketError.NetworkDown or SocketError.AddressFamilyNotSupported => ForwardRefusal.NetworkUnreachable,
        SocketError.TimedOut => ForwardRefusal.Timeout,
        SocketError.HostUnreachable or SocketError.HostDown => ForwardRefusal.HostUnreachable,

        // A firewall's no (EACCES, EPERM), and whatever else a system may say.
        SocketError.AccessDenied => ForwardRefusal.HostUnreachable,
        _ => ForwardRefusal.Failed,
    };

    private void Record(ForwardProxyModel proxy, ForwardRequest request, ForwardRefusal refusal, string? error)
    {
        _metrics.Requested(proxy.ProxyId, request.Command, refusal);
        if (refusal != ForwardRefusal.None && _logger.IsEnabled(LogLevel.Debug))
        {
            Log.ForwardRequestRefused(_logger, proxy.ProxyId, request.Command.ToString(), request.Target.ToString(), request.User, request.Client, refusal, error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.ForwardRequestRefused, LogLevel.Debug, "Forward proxy '{proxy}' does not carry out {command} {target} for {user} at {client}: {refusal}; {error}", EventName = nameof(ForwardRequestRefused))]
        public static partial void ForwardRequestRefused(
            ILogger logger, string proxy, string command, string target, string? user, IPAddress? client, ForwardRefusal refusal, string? error);
    }
}
