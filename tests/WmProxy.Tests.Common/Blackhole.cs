using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;

namespace WmProxy.Tests.Common;

/// <summary>An address that does not answer: a listener whose backlog is full, so that Linux drops further SYNs.</summary>
public sealed class Blackhole : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _fillers = [];

    public Blackhole(string address = "127.0.0.1")
    {
        _listener.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        _listener.Listen(0);
        while (true)
        {
            var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            _fillers.Add(filler);
            try
            {
                filler.Connect(_listener.LocalEndPoint!);
            }
            catch (SocketException ex) when (ex.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                if (!filler.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectWrite))
                {
                    break;
                }
            }
        }
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public string Address => $"tcp://{_listener.LocalEndPoint}";

    public void Dispose()
    {
        _fillers.ForEach(filler => filler.Dispose());
        _listener.Dispose();
    }
}
