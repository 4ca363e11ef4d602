using System.Text;

namespace WmProxy.Tests.Common;

/// <summary>What was received, and how it ended.</summary>
public sealed record ReadResult(byte[] Data, ReadEnd End)
{
    /// <summary><see cref="Data"/> as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Data);
}
