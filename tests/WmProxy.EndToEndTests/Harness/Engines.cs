using System;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>The engines that move the bytes of streams, by their names in the configuration: what one of them does the other has to do too.</summary>
internal sealed class Engines : TheoryData<string>
{
    public Engines()
    {
        if (OperatingSystem.IsLinux())
        {
            Add("Linux");
        }

        Add("Portable");
    }
}
