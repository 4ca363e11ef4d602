using System;
using System.Net;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>Asks an echo behind the program, which it sees at <paramref name="target"/>.</summary>
internal sealed class UdpEchoClient(IPEndPoint target) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    private readonly UdpPeer _peer = new();
    private readonly byte[] _buffer = new byte[2048];
    private int _asked;

    /// <summary>Sends without waiting for an answer.</summary>
    public void Send(string text) => _peer.Send(text, target);

    /// <summary>Sends a question, which comes back: nothing may be lost.</summary>
    public async Task AssertEchoesAsync()
    {
        var question = NextQuestion();
        Assert.Equal(question, (await _peer.AskAsync(question, target)).Text);
    }

    /// <summary>Asks, and asks again, as clients do that know that datagrams get lost, until an answer comes.</summary>
    public Task EchoesAtLastAsync() => Deadline.PollAsync(TryEchoAsync);

    /// <summary>Whether an answer comes soon.</summary>
    public async Task<bool> TryEchoAsync()
    {
        var question = NextQuestion();
        Send(question);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            while (true)
            {
                var count = await _peer.Socket.ReceiveAsync(_buffer, patience.Token);
                if (Encoding.UTF8.GetString(_buffer, 0, count) == question)
                {
                    return true;
                }

                // A late answer to an earlier one.
            }
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    public void Dispose() => _peer.Dispose();

    private string NextQuestion() => $"question {++_asked}";
}
