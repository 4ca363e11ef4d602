using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.Connectors;

/// <summary>
/// Connects to the first of several end points that answers, in the manner of Happy Eyeballs (RFC 8305 section 5): each attempt gets a
/// head start over the next, a failed one is followed at once, and the losers are closed.
/// </summary>
internal static class AddressRace
{
    // RFC 8305 section 8: the recommended Connection Attempt Delay.
    private static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(250);

    /// <summary>Connects and sends <paramref name="preface"/> on the connection that won; <paramref name="beside"/> and <paramref name="sparesReserve"/> as in <see cref="SocketConnect"/>.</summary>
    public static async Task<(ConnectResult Result, IPEndPoint? Winner)> ConnectAsync(
        IReadOnlyList<IPEndPoint> endPoints,
        TransportStream? beside,
        ReadOnlyMemory<byte> preface,
        TimeProvider timeProvider,
        CancellationToken cancellationToken,
        bool sparesReserve = false)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempts = new List<(Task<ConnectResult> Task, IPEndPoint EndPoint)>(endPoints.Count);
        var errors = new List<string>();
        var failure = ConnectionEndReason.ConnectFailed;
        var isLocalFailure = false;
        var code = SocketError.Success;
        var next = 0;
        try
        {
            while (next < endPoints.Count || attempts.Count > 0)
            {
                if (next < endPoints.Count)
                {
                    var endPoint = endPoints[next++];
                    attempts.Add((SocketConnect.ConnectAsync(endPoint, beside, default, stop.Token, sparesReserve).AsTask(), endPoint));
                }

                while (await FirstAsync(attempts, next < endPoints.Count, timeProvider, stop.Token) is var index and >= 0)
                {
                    var (task, endPoint) = attempts[index];
                    attempts.RemoveAt(index);
                    var result = await task;
                    if (result.IsConnected)
                    {
                        return await SendPrefaceAsync(result.Stream, endPoint, preface, cancellationToken);
                    }

                    errors.Add(result.Error);
                    failure = result.Failure;
                    isLocalFailure = result.IsLocalFailure;
                    code = MoreTelling(code, result.Code);
                    if (next < endPoints.Count || attempts.Count == 0)
                    {
                        break;
                    }
                }
            }

            return (ConnectResult.Failed(failure, string.Join("; ", errors), isLocalFailure) with { Code = code }, null);
        }
        finally
        {
            await stop.CancelAsync();
            foreach (var (task, _) in attempts)
            {
                await CloseAsync(task);
            }
        }
    }

    // That a machine answered says more than that one network of two does not lead anywhere.
    private static SocketError MoreTelling(SocketError first, SocketError second) =>
        first is SocketError.ConnectionRefused or SocketError.TimedOut && second is not SocketError.ConnectionRefused ? first : second;

    /// <summary>Waits for an attempt to end and gives its index; -1 when its head start is over and the next one may begin.</summary>
    private static async ValueTask<int> FirstAsync(
        List<(Task<ConnectResult> Task, IPEndPoint EndPoint)> attempts,
        bool isAnotherLeft,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        var index = attempts.FindIndex(static attempt => attempt.Task.IsCompleted);
        if (index >= 0)
        {
            return index;
        }

        var tasks = new List<Task>(attempts.Count + 1);
        foreach (var (task, _) in attempts)
        {
            tasks.Add(task);
        }

        using var headStart = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (isAnotherLeft)
        {
            tasks.Add(Task.Delay(HeadStart, timeProvider, headStart.Token));
        }

        await Task.WhenAny(tasks);
        await headStart.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return attempts.FindIndex(static attempt => attempt.Task.IsCompleted);
    }

    private static async ValueTask<(ConnectResult Result, IPEndPoint? Winner)> SendPrefaceAsync(
        TransportStream stream,
        IPEndPoint endPoint,
        ReadOnlyMemory<byte> preface,
        CancellationToken cancellationToken)
    {
        if (preface.IsEmpty)
        {
            return (ConnectResult.Connected(stream), endPoint);
        }

        var isSent = false;
        try
        {
            await stream.WriteAsync(preface, cancellationToken);
            isSent = true;
            return (ConnectResult.Connected(stream), endPoint);
        }
        catch (SocketException ex)
        {
            return (ConnectResult.Failed(ConnectionEndReason.ConnectFailed, $"{endPoint}: {ex.Message}"), null);
        }
        finally
        {
            if (!isSent)
            {
                await stream.DisposeAsync();
            }
        }
    }

    private static async ValueTask CloseAsync(Task<ConnectResult> loser)
    {
        try
        {
            var result = await loser;
            if (result.Stream is { } stream)
            {
                await stream.DisposeAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The usual end of a loser; its socket is closed.
        }
    }
}
